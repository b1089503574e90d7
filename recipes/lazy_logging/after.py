import logging

logger = logging.getLogger(__name__)


def best(scores):
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(f"scores: {scores}")
    return max(scores)
