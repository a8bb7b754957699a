"""What more seeds did to the values that trials were chosen by: the winner's curse, in numbers."""

from typing import Any

from analysis.presentation.view import View
from analysis.presentation.words import counted, nats, number
from vae.columns import AT_SELECTION


def winners_curse(view: View) -> dict[str, Any] | None:
    """Return what became of the refined trial that looked best with the seeds of all; None where none was refined.

    `value_at_selection` is the mean over its `seeds_at_selection`, `value` over all its `seeds`, `value_of_others` over
    those that had no part in choosing it: they alone are fair to it. `curse` is by how much the first value is better
    than theirs, and `trials` how many were refined.
    """
    sweep, own = view.sweep, int(view.sweep.spec["seeds"])
    if AT_SELECTION not in sweep.trials or len(sweep.objectives) > 1:
        return None
    objective, board = sweep.objectives[0], view.board[view.board["n"] > own]
    if board.empty:
        return None
    ranked = board.sort_values([AT_SELECTION, "trial"], ascending=[objective.ascending, True])
    first = ranked.to_dict(orient="records")[0]
    sign = -1.0 if objective.ascending else 1.0
    values = view.vae_runs.loc[view.vae_runs["trial"] == first["trial"]].sort_values("seed")[objective.column]
    return {
        "trials": len(board),
        "trial": int(first["trial"]),
        "seeds_at_selection": own,
        "value_at_selection": float(first[AT_SELECTION]),
        "seeds": len(values),
        "value": float(first["value"]),
        "value_of_others": float(values.iloc[own:].mean()),
        "curse": sign * (float(first[AT_SELECTION]) - float(values.iloc[own:].mean())),
    }


def refined(view: View) -> str:
    """Say how many trials have more seeds, and what the winner's curse was; empty where none was refined."""
    found = winners_curse(view)
    if found is None:
        return ""
    objective, first = view.sweep.objectives[0], int(view.board["trial"].iloc[0])
    is_nats = objective.column.endswith("_nats")
    unit = " nats" if is_nats else ""
    names = ("value_at_selection", "value", "value_of_others", "curse")
    sizes = found | {"curse": abs(found["curse"])}
    told = {name: nats(sizes[name]) if is_nats else number(sizes[name], 4) for name in names}
    others = counted(found["seeds"] - found["seeds_at_selection"], "seed")
    standing = "It is still first." if first == found["trial"] else f"Trial {first} is first now."
    return (
        f"{counted(found['trials'], 'trial')} {'was' if found['trials'] == 1 else 'were'} refined with more seeds. The "
        f"first at its selection, trial {found['trial']}, had {objective.name.replace('elbo', 'ELBO')} "
        f"{told['value_at_selection']}{unit} over {counted(found['seeds_at_selection'], 'seed')} "
        f"and has {told['value']} over {found['seeds']}; over the {others} that had no part in choosing it, "
        f"{told['value_of_others']}. {_flattered(found['curse'], told['curse'], unit)} {standing}"
    )


def _flattered(curse: float, told: str, unit: str) -> str:
    if curse > 0:
        return f"The best of many values flatters (the winner's curse), here by {told}{unit}."
    return f"The best of many values flatters on average (the winner's curse); this one was {told}{unit} too low."
