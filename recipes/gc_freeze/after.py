import gc


def serve(catalogue, requests):
    gc.freeze()  # in a service once, when everything is loaded
    gc.collect()
    try:
        answers, history = [], []
        for request in range(requests):
            rows = [[request, at] for at in range(1_000)]
            history.append(rows)
            answers.append(len(catalogue) + len(rows))
            del history[:-200]
        return answers
    finally:
        gc.unfreeze()  # so that this function can run again
