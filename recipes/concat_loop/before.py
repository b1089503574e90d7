import pandas as pd


def gathered(pages):
    frame = pd.DataFrame()
    for page in pages:
        if page is not None:
            frame = pd.concat([frame, page], ignore_index=True)
    return frame
