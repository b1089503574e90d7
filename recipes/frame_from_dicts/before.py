import pandas as pd


def design(candidates, features):
    return pd.DataFrame(candidates)[features].fillna(0.0).to_numpy()
