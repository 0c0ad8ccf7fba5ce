"""The script an analyst would write: day by day, into pandas, into Parquet.

Kept as plain as it is written in a hurry, because it is what the workbench is compared with.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import requests


def pull(url: str, key: str, folder: Path, first: str, days: int, zone: str) -> int:
    """Write one Parquet file a day; give the number of rows."""
    rows = 0
    day = datetime.fromisoformat(first).replace(tzinfo=ZoneInfo(zone))
    for step in range(days):
        midnight = (day + timedelta(days=step)).astimezone(ZoneInfo("UTC"))
        body = {
            "response": {"mimeType": "application/json"},
            "request": {
                "pipeline": [
                    {
                        "source": {
                            "pageEvents": {"appId": 'expandAppIds("*")'},
                            "timeSeries": {
                                "period": "dayRange",
                                "first": int(midnight.timestamp() * 1000),
                                "count": 1,
                            },
                        }
                    }
                ]
            },
        }
        answer = requests.post(
            f"{url}/api/v1/aggregation",
            json=body,
            headers={"x-pendo-integration-key": key},
            timeout=600,
        )
        answer.raise_for_status()
        frame = pd.DataFrame(answer.json()["results"])
        if len(frame):
            frame.to_parquet(folder / f"{step:04}.parquet")
        rows += len(frame)
    return rows


if __name__ == "__main__":
    url, key, folder, first, days, zone = sys.argv[1:]
    print(pull(url, key, Path(folder), first, int(days), zone))
