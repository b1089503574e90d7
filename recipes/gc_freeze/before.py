def serve(catalogue, requests):
    answers, history = [], []
    for request in range(requests):
        rows = [[request, at] for at in range(1_000)]
        history.append(rows)
        answers.append(len(catalogue) + len(rows))
        del history[:-200]
    return answers
