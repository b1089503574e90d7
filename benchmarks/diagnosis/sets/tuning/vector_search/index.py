import numpy as np


class ChunkedIndex:
    """Embeddings in chunks, so that new ones are added without a copy of the whole."""

    def __init__(self, dimensions, chunk=4096):
        self.dimensions = dimensions
        self.chunk = chunk
        self.chunks = []

    def fill(self, count, seed):
        rng = np.random.default_rng(seed)
        while count > 0:
            n = min(count, self.chunk)
            block = rng.standard_normal((n, self.dimensions), dtype=np.float32)
            self.chunks.append(block / np.linalg.norm(block, axis=1, keepdims=True))
            count -= n

    def search(self, query, k):
        best_scores = np.empty(0, np.float32)
        best_ids = np.empty(0, np.int64)
        offset = 0
        for block in self.chunks:
            scores = block @ query
            top = np.argpartition(scores, -k)[-k:]
            best_scores = np.concatenate((best_scores, scores[top]))
            best_ids = np.concatenate((best_ids, top + offset))
            offset += len(block)
        order = np.argsort(best_scores)[::-1][:k]
        return best_ids[order], best_scores[order]
