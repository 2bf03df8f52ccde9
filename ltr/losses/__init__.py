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
from ltr.losses._calibrated_softmax import calibrated_softmax
from ltr.losses._face import LossModule, by_name, catalogue, face
from ltr.losses._focal import focal
from ltr.losses._grade_cross_entropy import grade_cross_entropy
from ltr.losses._graded_hinge import graded_hinge
from ltr.losses._grades import expected_grade
from ltr.losses._hinge import hinge
from ltr.losses._jrc import jrc
from ltr.losses._list_mle import list_mle
from ltr.losses._list_net import list_net
from ltr.losses._neural_ndcg import neural_ndcg
from ltr.losses._ordinal import ordinal
from ltr.losses._p_list_mle import p_list_mle
from ltr.losses._poly1_softmax import poly1_softmax
from ltr.losses._rank_cross_entropy import rank_cross_entropy
from ltr.losses._rank_hinge import rank_hinge
from ltr.losses._sigmoid_cross_entropy import sigmoid_cross_entropy
from ltr.losses._softmax_cross_entropy import softmax_cross_entropy
from ltr.losses._squared_error import squared_error
from ltr.losses._unique_softmax import unique_softmax
from ltr.losses._xe_ndcg import xe_ndcg

ApproxNdcgLoss = face(approx_ndcg)
CalibratedSoftmaxLoss = face(calibrated_softmax)
FocalLoss = face(focal)
GradeCrossEntropyLoss = face(grade_cross_entropy)
GradedHingeLoss = face(graded_hinge)
HingeLoss = face(hinge)
JrcLoss = face(jrc)
ListMleLoss = face(list_mle)
ListNetLoss = face(list_net)
NeuralNdcgLoss = face(neural_ndcg)
OrdinalLoss = face(ordinal)
PListMleLoss = face(p_list_mle)
Poly1SoftmaxLoss = face(poly1_softmax)
RankCrossEntropyLoss = face(rank_cross_entropy)
RankHingeLoss = face(rank_hinge)
SigmoidCrossEntropyLoss = face(sigmoid_cross_entropy)
SoftmaxCrossEntropyLoss = face(softmax_cross_entropy)
SquaredErrorLoss = face(squared_error)
UniqueSoftmaxLoss = face(unique_softmax)
XeNdcgLoss = face(xe_ndcg)

__all__ = [
    "ApproxNdcgLoss",
    "CalibratedSoftmaxLoss",
    "FocalLoss",
    "GradeCrossEntropyLoss",
    "GradedHingeLoss",
    "HingeLoss",
    "JrcLoss",
    "ListMleLoss",
    "ListNetLoss",
    "LossModule",
    "NeuralNdcgLoss",
    "OrdinalLoss",
    "PListMleLoss",
    "Poly1SoftmaxLoss",
    "RankCrossEntropyLoss",
    "RankHingeLoss",
    "SigmoidCrossEntropyLoss",
    "SoftmaxCrossEntropyLoss",
    "SquaredErrorLoss",
    "UniqueSoftmaxLoss",
    "XeNdcgLoss",
    "approx_ndcg",
    "by_name",
    "calibrated_softmax",
    "catalogue",
    "expected_grade",
    "focal",
    "grade_cross_entropy",
    "graded_hinge",
    "hinge",
    "jrc",
    "list_mle",
    "list_net",
    "neural_ndcg",
    "ordinal",
    "p_list_mle",
    "poly1_softmax",
    "rank_cross_entropy",
    "rank_hinge",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "squared_error",
    "unique_softmax",
    "xe_ndcg",
]
