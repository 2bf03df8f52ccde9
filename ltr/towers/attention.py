"""Self-attention over the documents of a list, so that each is scored beside its competitors."""

import torch
from torch import Tensor, nn

from ltr.recipe import AttentionConfig


class ListAttention(nn.Module):
    """Encoder blocks over the documents of each list (Pobrotyn et al., 2020, arXiv:2005.10084).

    The order of the documents means nothing, and no document sees another list's. Lists are laid
    side by side, padded to the longest of the batch, so memory grows with lists x longest.

    Args:
        num_inputs: Length of a document's vector.
        config: Sizes.
        dropout: Within the blocks.

    Example:
        >>> attention = ListAttention(3, AttentionConfig(dim=4, heads=2), dropout=0.0)
        >>> attention(torch.ones(5, 3), torch.tensor([2, 3])).shape
        torch.Size([5, 4])
    """

    def __init__(self, num_inputs: int, config: AttentionConfig, *, dropout: float) -> None:
        super().__init__()
        self.inputs = nn.Linear(num_inputs, config.dim)
        block = nn.TransformerEncoderLayer(
            config.dim,
            config.heads,
            dim_feedforward=4 * config.dim,
            dropout=dropout,
            batch_first=True,
            norm_first=True,
        )
        self.blocks = nn.TransformerEncoder(
            block, config.blocks, norm=nn.LayerNorm(config.dim), enable_nested_tensor=False
        )

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """The vectors of documents that have seen each other.

        Args:
            vectors: [docs, num_inputs], list after list.
            lengths: [lists], documents per list.

        Returns:
            [docs, dim].
        """
        if not len(vectors):
            return vectors.new_zeros(0, self.inputs.out_features)
        longest = int(lengths.max())
        real = torch.arange(longest, device=lengths.device) < lengths.unsqueeze(1)
        # A list without a document would have nothing to attend to, and softmax no value.
        real_lists = lengths > 0
        inputs = self.inputs(vectors)
        rows = inputs.new_zeros(*real.shape, self.inputs.out_features)
        rows[real] = inputs
        seen: Tensor = self.blocks(
            rows[real_lists], src_key_padding_mask=~real[real_lists], is_causal=False
        )
        return seen[real[real_lists]]
