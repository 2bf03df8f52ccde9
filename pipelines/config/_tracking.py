"""``[tracking]``: where a training's curves are drawn."""

from pipelines.config._base import Config, Name


class Tracking(Config):
    """Who is told how the training goes, beside the terminal and the log.

    Example:
        >>> Tracking(mlflow="http://mlflow.example:5000").experiment
        'ltr'
    """

    tensorboard: bool = True
    """Curves in the folder ``tensorboard`` of the run."""
    mlflow: Name | None = None
    """Address of an MLflow server or database; needs the extra ``mlflow``."""
    experiment: Name = "ltr"
    """The experiment of MLflow to which the run belongs."""
