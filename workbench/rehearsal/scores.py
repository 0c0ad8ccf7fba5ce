"""A decision base to rehearse with: made up from the stand-in's accounts by a fixed rule."""

import uuid
from typing import TYPE_CHECKING

from workbench.sql import literal

if TYPE_CHECKING:
    from workbench.services import Services
    from workbench.store.datasets.model import Committed

ACCOUNTS, SCORES = "accounts", "churn_scores"
"""The dataset it is made from, and its own name."""
MANGLED = 25
"""One id in so many is written as another system writes it, for the match doctor to find."""


def make_scores(services: "Services", *, edition: int = 0) -> "Committed":
    """Make the dataset ``churn_scores``, or its next version.

    The same accounts and edition give the same rows. Every edition moves some scores a little.

    Args:
        edition: 0 is the first; later ones are what the model says a while later.

    Raises:
        InputError: the dataset ``accounts`` is not there yet.
    """
    from workbench.store import duck
    from workbench.store.datasets.model import Part, Update

    source = services.datasets.scan(ACCOUNTS)
    folder = services.settings.spool_root / f".scores-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    path = folder / "scores.parquet"
    try:
        with duck.session(folder / "spill") as connection:
            today = literal(services.now().date().isoformat())
            copy = f"COPY ({_sql(source, today, edition)}) TO {literal(str(path))}"
            [[rows]] = connection.execute(f"{copy} {duck.parquet_options()}").fetchall()
        return services.datasets.commit(
            SCORES,
            [Part(path, rows)],
            Update("replace"),
            run=None,
            stamp=uuid.uuid4().hex,
            source="rehearsal",
            operation=f"scores, edition {edition}",
        )
    finally:
        for left in sorted(folder.rglob("*"), reverse=True):
            left.rmdir() if left.is_dir() else left.unlink()
        folder.rmdir()


def _sql(source: str, today: str, edition: int) -> str:
    """One row per account: a score from its health, moved a little in every later edition."""
    return f"""
        WITH scored AS (
            SELECT accountId AS id, hash(accountId) AS chance, metadata.agent.name AS name,
                   coalesce(metadata.custom.healthscore, 50)
                     + {int(edition)} * (hash(accountId, 'move') % 17 - 8.0) AS health
            FROM {source}
        )
        SELECT '006' || lpad(CAST(chance % 1000000000 AS VARCHAR), 12, '0') AS opportunity_id,
               CASE WHEN chance % {MANGLED} = 0 THEN upper(replace(id, '-', '_')) ELSE id END
                 AS pendo_account_id,
               CASE WHEN health >= 75 THEN 'Excellent' WHEN health >= 50 THEN 'Good'
                    WHEN health >= 25 THEN 'Fair' ELSE 'Poor' END AS score_label,
               round(health / 100, 3) AS adoption,
               CAST({today} AS TIMESTAMP) AT TIME ZONE 'UTC' AS scored_at,
               coalesce(name, 'This account') || CASE
                 WHEN health >= 50 THEN ' uses more features than most of its size'
                 ELSE ' has logged in less often since last month' END AS reasons,
               CASE WHEN chance % 10 < 7 THEN 'Up for renewal' WHEN health >= 50 THEN 'Renewed'
                    ELSE 'Churned' END AS state,
               CAST({today} AS DATE) + CAST(chance % 180 AS INTEGER) AS churn_date
        FROM scored ORDER BY id
    """
