"""The gate: is the candidate good enough to take the champion's place? Evidence in, verdict out.

`judge` opens no file and asks no model, so that a decision can be made again from its evidence;
`pipelines.gate.measure` gathers the evidence.
"""

from pipelines.gate.evidence import Absent, Calibration, Evidence, Ranked
from pipelines.gate.judge import judge
from pipelines.gate.verdict import Compared, Verdict

__all__ = ["Absent", "Calibration", "Compared", "Evidence", "Ranked", "Verdict", "judge"]
