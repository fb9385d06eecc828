"""The metrics of a trained model in words, for commands and the admin."""

import math
from collections.abc import Iterator
from typing import Any

Metrics = dict[str, Any]


def measured(metrics: Metrics) -> str:
    if "rmse" not in metrics:
        return "no rating was held out to measure it by"
    held_out = metrics["held_out"]
    return f"RMSE {metrics['rmse']:.2f} on {held_out:,} held-out ratings"


def compared(metrics: Metrics) -> Iterator[str]:
    """Lines that say how it did against the model that was at work, if it was compared."""
    told = metrics.get("comparison")
    if not told:
        return
    if "note" in told:
        yield f"Not compared: {told['note']}"
        return
    yield (
        f"Compared with {told['champion']} on {told['ratings']:,} held-out ratings "
        f"of {told['viewers']:,} viewers:"
    )
    yield f"  nDCG@10 {_both(told['ndcg'])}; {_difference(told['ndcg'])}"
    if told["mse"]:
        rmse = {name: math.sqrt(told["mse"][name]) for name in ("challenger", "champion")}
        yield f"  RMSE {_both(rmse)}; {_difference(told['mse'], ' squared stars')}"
    yield f"It is {'worse' if told['lost'] else 'not worse'}, by the limit of 2 standard errors."


def _both(figure: dict[str, float]) -> str:
    return f"{figure['challenger']:.4f} against {figure['champion']:.4f}"


def _difference(figure: dict[str, Any], unit: str = "") -> str:
    if not figure["worse_by"]:
        return "no difference"
    side = "worse" if figure["worse_by"] > 0 else "better"
    return f"{side} by {abs(figure['worse_by']):.4f} ± {figure['standard_error']:.4f}{unit}"
