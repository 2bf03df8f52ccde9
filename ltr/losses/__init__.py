"""Losses for learning to rank: functions, and their ``nn.Module`` faces.

Every list loss is ``f(scores, labels, *, lengths, mask, weights, <own arguments>, reduction)`` over
the layouts of :mod:`ltr.lists`. A face takes the own arguments once and the tensors with each call:

>>> import torch
>>> from ltr.losses import GradedHingeLoss
>>> loss = GradedHingeLoss(margin=0.3)
>>> scores = torch.tensor([0.2, -0.4, 1.3, 0.8, 0.0, -1.1])
>>> labels = torch.tensor([1, 0, 3, 2, 0, 1])
>>> loss(scores, labels, lengths=torch.tensor([3, 3]))
tensor(0.1750)
"""

from ltr.losses._bpr import bpr
from ltr.losses._by_name import by_name
from ltr.losses._circle import circle
from ltr.losses._contrastive import contrastive
from ltr.losses._cosine_embedding import cosine_embedding
from ltr.losses._face import LossModule, catalogue, face
from ltr.losses._graded_hinge import graded_hinge
from ltr.losses._hinge_embedding import hinge_embedding
from ltr.losses._in_batch_softmax import in_batch_softmax
from ltr.losses._lambda_loss import lambda_loss
from ltr.losses._lambda_weight import LambdaWeight
from ltr.losses._margin_ranking import margin_ranking
from ltr.losses._pairs import PairWeight
from ltr.losses._rank_cross_entropy import rank_cross_entropy
from ltr.losses._rank_hinge import rank_hinge
from ltr.losses._ranknet import ranknet
from ltr.losses._triplet_margin import triplet_margin

BprLoss = face(bpr)
CircleLoss = face(circle)
ContrastiveLoss = face(contrastive)
CosineEmbeddingLoss = face(cosine_embedding)
GradedHingeLoss = face(graded_hinge)
HingeEmbeddingLoss = face(hinge_embedding)
InBatchSoftmaxLoss = face(in_batch_softmax)
LambdaLoss = face(lambda_loss)
MarginRankingLoss = face(margin_ranking)
RankCrossEntropyLoss = face(rank_cross_entropy)
RankHingeLoss = face(rank_hinge)
RanknetLoss = face(ranknet)
TripletMarginLoss = face(triplet_margin)

__all__ = [
    "BprLoss",
    "CircleLoss",
    "ContrastiveLoss",
    "CosineEmbeddingLoss",
    "GradedHingeLoss",
    "HingeEmbeddingLoss",
    "InBatchSoftmaxLoss",
    "LambdaLoss",
    "LambdaWeight",
    "LossModule",
    "MarginRankingLoss",
    "PairWeight",
    "RankCrossEntropyLoss",
    "RankHingeLoss",
    "RanknetLoss",
    "TripletMarginLoss",
    "bpr",
    "by_name",
    "catalogue",
    "circle",
    "contrastive",
    "cosine_embedding",
    "graded_hinge",
    "hinge_embedding",
    "in_batch_softmax",
    "lambda_loss",
    "margin_ranking",
    "rank_cross_entropy",
    "rank_hinge",
    "ranknet",
    "triplet_margin",
]
