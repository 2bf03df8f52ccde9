"""How the vector of a query and those of its documents meet."""

import torch
from torch import Tensor, nn
from torchrec.modules.crossnet import CrossNet

from ltr.recipe import TowersConfig


class Beside(nn.Module):
    """[q, d, q * d]: both vectors, and how they agree; d alone where the query has no features.

    Args:
        has_product: Whether q * d is there: it has no meaning if no tower made the vectors.
    """

    def __init__(self, *, has_product: bool) -> None:
        super().__init__()
        self.has_product = has_product

    def forward(self, query: Tensor | None, document: Tensor) -> Tensor:
        """From two times [docs, n] to [docs, 3 n]."""
        if query is None:
            return document
        product = [query * document] if self.has_product else []
        return torch.cat([query, document, *product], dim=1)


class Crossed(nn.Module):
    """[q, d] after the cross layers of DCN-v2: x_{l+1} = x_0 * (W_l x_l + b_l) + x_l.

    Source: Wang et al., 2021 (arXiv:2008.13535), equation 1.
    """

    def __init__(self, num_inputs: int, num_layers: int) -> None:
        super().__init__()
        self.layers = CrossNet(num_inputs, num_layers)

    def forward(self, query: Tensor | None, document: Tensor) -> Tensor:
        """From two times [docs, n] to [docs, 2 n]."""
        inputs = document if query is None else torch.cat([query, document], dim=1)
        crossed: Tensor = self.layers(inputs)
        return crossed


class Product(nn.Module):
    """q . d, a score: an index of the documents' vectors answers a query by its vector."""

    def forward(self, query: Tensor, document: Tensor) -> Tensor:
        """From two times [docs, n] to [docs, 1]."""
        return (query * document).sum(dim=1, keepdim=True)


def interaction(config: TowersConfig, num_query: int, num_document: int) -> tuple[nn.Module, int]:
    """The interaction that a recipe asks for, and the length of what it gives.

    Args:
        config: The recipe's towers.
        num_query: Length of q; 0 where the query has no features.
        num_document: Length of d.
    """
    num_both = num_query + num_document
    if config.interaction == "dot":
        return Product(), 1
    if config.interaction == "cross":
        return Crossed(num_both, config.cross_layers), num_both
    if not config.document or not num_query:
        return Beside(has_product=False), num_both
    return Beside(has_product=True), num_both + num_document
