import logging

logger = logging.getLogger(__name__)


def best(scores):
    logger.debug(f"scores: {scores}")
    return max(scores)
