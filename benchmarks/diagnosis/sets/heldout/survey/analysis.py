from typing import Any, Dict, List

import pandas as pd


class AnswerSheet:
    """All answers of one respondent, scale by scale."""

    def __init__(self, answers: List[Dict[str, Any]]) -> None:
        self.frame = pd.DataFrame(answers)

    def reversed_items(self, items: List[int]) -> "AnswerSheet":
        mask = self.frame["item"].isin(items)
        self.frame["value"] = self.frame["value"].where(~mask, 6 - self.frame["value"])
        return self

    def scales(self) -> Dict[str, float]:
        ordered = self.frame.sort_values(["scale", "item"])
        means = ordered.groupby("scale")["value"].mean()
        return {str(name): round(float(value), 3) for name, value in means.items()}


class Norms:
    def __init__(self, means: Dict[str, float]) -> None:
        self.means = means

    def compare(self, scales: Dict[str, float]) -> Dict[str, str]:
        words = {}
        for name, value in scales.items():
            gap = value - self.means.get(name, 3.0)
            words[name] = "high" if gap > 0.5 else "low" if gap < -0.5 else "average"
        return words
