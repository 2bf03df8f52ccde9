"""The mean of a metric over more lists than fit into memory, or than one worker sees.

Only sums and counts are kept. They are exact, so any cut of the lists into batches and workers
gives the same bits. A list must be whole when it is added: :func:`ltr.metrics.regroup` brings its
documents together.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ltr.lists import arrange, check_choice
from ltr.metrics._auc import group_auc
from ltr.metrics._exact_sum import as_integer, split_sum
from ltr.metrics._ranked import has_nan
from ltr.metrics._reduce import Blank, check_list_weights


class RunningMean:
    """Mean of a metric over all lists so far, in constant memory.

    Args:
        metric: A metric of this package.
        arguments: What it is called with besides tensors: ``k=10``, ``gain="linear"`` …

    Example:
        >>> from ltr.metrics import reciprocal_rank
        >>> mrr = RunningMean(reciprocal_rank, k=10)
        >>> mrr.update(torch.tensor([3.0, 2.0, 1.0]), torch.tensor([0, 1, 0]))
        >>> mrr.update(torch.tensor([3.0, 2.0, 1.0]), torch.tensor([0, 0, 0]))
        >>> mrr.compute(), mrr.compute(blank="zero"), mrr.num_lists, mrr.num_blank
        (tensor(0.5000, dtype=torch.float64), tensor(0.2500, dtype=torch.float64), 2, 1)
    """

    def __init__(self, metric: Callable[..., Tensor], **arguments: Any) -> None:  # noqa: ANN401
        self.metric = metric
        self.arguments = arguments
        k = arguments.get("k")
        self._num_k = len(k) if isinstance(k, Sequence) else 1
        # Columns: weighted values of each k; weight of the lists that have one; of the blank ones.
        self._sums = torch.zeros(4, self._num_k + 2, dtype=torch.int64)
        # Lists, blank ones, ones that cannot be ranked.
        self._counts = torch.zeros(3, dtype=torch.int64)

    @property
    def num_lists(self) -> int:
        """Lists so far, blank ones included; not those of weight 0."""
        return int(self._counts[0])

    @property
    def num_blank(self) -> int:
        """Blank lists among them."""
        return int(self._counts[1])

    def update(
        self,
        scores: Tensor,
        labels: Tensor,
        *,
        lengths: Tensor | None = None,
        mask: Tensor | None = None,
        list_weights: Tensor | None = None,
        **tensors: Tensor | None,
    ) -> None:
        """Add lists.

        Args:
            scores: As of the metric.
            labels: As of the metric.
            lengths: As of the metric.
            mask: As of the metric.
            list_weights: Float ``[lists]``, not negative; of all updates or of none. ``group_auc``
                brings its own.
            tensors: Others that the metric takes: ``weights``, ``ids``, ``ideal_labels`` …

        Raises:
            ValueError: If an argument does not fit.
        """
        layout = {"lengths": lengths, "mask": mask}
        docs = arrange(scores.detach().double(), labels.detach(), **layout)
        values = self.metric(
            scores, labels, **layout, **tensors, **self.arguments, reduction="none"
        ).reshape(-1, self._num_k)
        if self.metric is group_auc and list_weights is None:
            list_weights = docs.lists.counts()
        if list_weights is None:
            list_weights = torch.ones(docs.lists.shape, device=values.device)
        weights = check_list_weights(list_weights, docs.lists.shape)
        self._add(values, weights, has_nan(docs).flatten())

    def _add(self, values: Tensor, weights: Tensor, unrankable: Tensor) -> None:
        counted = weights > 0
        is_blank = values.isnan().any(-1) & ~unrankable
        has_value = (~is_blank & ~unrankable)[:, None]
        weights = weights[:, None]
        columns = [
            torch.where(has_value, values, 0.0) * weights,
            torch.where(has_value, weights, 0.0),
            torch.where(is_blank[:, None], weights, 0.0),
        ]
        self._sums += split_sum(torch.cat(columns, -1)).cpu()
        kinds = torch.stack([counted, counted & is_blank, counted & unrankable])
        self._counts += kinds.sum(-1).cpu()

    def merge(self, other: "RunningMean") -> "RunningMean":
        """The mean over the lists of both, as a new one.

        Raises:
            ValueError: If they are not of the same metric with the same arguments.
        """
        if (self.metric, self.arguments) != (other.metric, other.arguments):
            msg = f"means must be of the same metric and arguments; got {self} and {other}"
            raise ValueError(msg)
        merged = RunningMean(self.metric, **self.arguments)
        merged._sums = self._sums + other._sums
        merged._counts = self._counts + other._counts
        return merged

    def all_reduce(self, group: dist.ProcessGroup | None = None) -> "RunningMean":
        """The mean over the lists of all workers, the same on each, as a new one."""
        device = "cuda" if dist.get_backend(group) == "nccl" else "cpu"
        state = torch.cat([self._sums.flatten(), self._counts]).to(device)
        dist.all_reduce(state, group=group)
        merged = RunningMean(self.metric, **self.arguments)
        state = state.cpu()
        merged._sums, merged._counts = state[:-3].view_as(self._sums), state[-3:]
        return merged

    def compute(self, blank: Blank = "skip") -> Tensor:
        """Mean so far: a float64 scalar, or ``[k]`` for several ``k``; NaN if no list counts.

        Args:
            blank: What blank lists count as: decided here, so one pass shows all policies.
        """
        check_choice("blank", blank, Blank)
        *values, counted, of_blank = (as_integer(column) for column in self._sums.unbind(1))
        extra = of_blank if blank == "one" else 0
        total = counted + (of_blank if blank != "skip" else 0)
        undefined = total == 0 or int(self._counts[2]) > 0
        means = [float("nan") if undefined else (value + extra) / total for value in values]
        found = torch.tensor(means, dtype=torch.float64)
        return found if isinstance(self.arguments.get("k"), Sequence) else found[0]

    def __repr__(self) -> str:
        arguments = "".join(f", {name}={value!r}" for name, value in self.arguments.items())
        return f"RunningMean({self.metric.__name__}{arguments})"
