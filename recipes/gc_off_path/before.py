import gc


def serve(catalogue, requests):
    answers = []
    for request in range(requests):
        rows = [[request, at] for at in range(200)]
        answers.append(len(catalogue) + len(rows))
        gc.collect()  # "frees the memory of this request"
    return answers
