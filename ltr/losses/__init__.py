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

from ltr.losses._approx_ndcg import approx_ndcg
from ltr.losses._bpr import bpr
from ltr.losses._by_name import by_name
from ltr.losses._calibrated_softmax import calibrated_softmax
from ltr.losses._circle import circle
from ltr.losses._contrastive import contrastive
from ltr.losses._cosine_embedding import cosine_embedding
from ltr.losses._face import LossModule, catalogue, face
from ltr.losses._focal import focal
from ltr.losses._grade_cross_entropy import grade_cross_entropy
from ltr.losses._graded_hinge import graded_hinge
from ltr.losses._grades import expected_grade
from ltr.losses._hinge import hinge
from ltr.losses._hinge_embedding import hinge_embedding
from ltr.losses._in_batch_softmax import in_batch_softmax
from ltr.losses._jrc import jrc
from ltr.losses._lambda_loss import lambda_loss
from ltr.losses._lambda_weight import LambdaWeight
from ltr.losses._list_mle import list_mle
from ltr.losses._list_net import list_net
from ltr.losses._margin_ranking import margin_ranking
from ltr.losses._neural_ndcg import neural_ndcg
from ltr.losses._ordinal import ordinal
from ltr.losses._p_list_mle import p_list_mle
from ltr.losses._pairs import PairWeight
from ltr.losses._poly1_softmax import poly1_softmax
from ltr.losses._rank_cross_entropy import rank_cross_entropy
from ltr.losses._rank_hinge import rank_hinge
from ltr.losses._ranknet import ranknet
from ltr.losses._sigmoid_cross_entropy import sigmoid_cross_entropy
from ltr.losses._softmax_cross_entropy import softmax_cross_entropy
from ltr.losses._squared_error import squared_error
from ltr.losses._triplet_margin import triplet_margin
from ltr.losses._unique_softmax import unique_softmax
from ltr.losses._xe_ndcg import xe_ndcg

ApproxNdcgLoss = face(approx_ndcg)
BprLoss = face(bpr)
CalibratedSoftmaxLoss = face(calibrated_softmax)
CircleLoss = face(circle)
ContrastiveLoss = face(contrastive)
CosineEmbeddingLoss = face(cosine_embedding)
FocalLoss = face(focal)
GradeCrossEntropyLoss = face(grade_cross_entropy)
GradedHingeLoss = face(graded_hinge)
HingeEmbeddingLoss = face(hinge_embedding)
HingeLoss = face(hinge)
InBatchSoftmaxLoss = face(in_batch_softmax)
JrcLoss = face(jrc)
LambdaLoss = face(lambda_loss)
ListMleLoss = face(list_mle)
ListNetLoss = face(list_net)
MarginRankingLoss = face(margin_ranking)
NeuralNdcgLoss = face(neural_ndcg)
OrdinalLoss = face(ordinal)
PListMleLoss = face(p_list_mle)
Poly1SoftmaxLoss = face(poly1_softmax)
RankCrossEntropyLoss = face(rank_cross_entropy)
RankHingeLoss = face(rank_hinge)
RanknetLoss = face(ranknet)
SigmoidCrossEntropyLoss = face(sigmoid_cross_entropy)
SoftmaxCrossEntropyLoss = face(softmax_cross_entropy)
SquaredErrorLoss = face(squared_error)
TripletMarginLoss = face(triplet_margin)
UniqueSoftmaxLoss = face(unique_softmax)
XeNdcgLoss = face(xe_ndcg)

__all__ = [
    "ApproxNdcgLoss",
    "BprLoss",
    "CalibratedSoftmaxLoss",
    "CircleLoss",
    "ContrastiveLoss",
    "CosineEmbeddingLoss",
    "FocalLoss",
    "GradeCrossEntropyLoss",
    "GradedHingeLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "InBatchSoftmaxLoss",
    "JrcLoss",
    "LambdaLoss",
    "LambdaWeight",
    "ListMleLoss",
    "ListNetLoss",
    "LossModule",
    "MarginRankingLoss",
    "NeuralNdcgLoss",
    "OrdinalLoss",
    "PListMleLoss",
    "PairWeight",
    "Poly1SoftmaxLoss",
    "RankCrossEntropyLoss",
    "RankHingeLoss",
    "RanknetLoss",
    "SigmoidCrossEntropyLoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredErrorLoss",
    "TripletMarginLoss",
    "UniqueSoftmaxLoss",
    "XeNdcgLoss",
    "approx_ndcg",
    "bpr",
    "by_name",
    "calibrated_softmax",
    "catalogue",
    "circle",
    "contrastive",
    "cosine_embedding",
    "expected_grade",
    "focal",
    "grade_cross_entropy",
    "graded_hinge",
    "hinge",
    "hinge_embedding",
    "in_batch_softmax",
    "jrc",
    "lambda_loss",
    "list_mle",
    "list_net",
    "margin_ranking",
    "neural_ndcg",
    "ordinal",
    "p_list_mle",
    "poly1_softmax",
    "rank_cross_entropy",
    "rank_hinge",
    "ranknet",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
    "triplet_margin",
    "unique_softmax",
    "xe_ndcg",
]
