"""Encoder: ids to numbers and numbers to a common scale, fitted on the training part only.

```
training rows of a partition ─Counts.of─▶ Counts ─Counts.merge─▶ Counts ─Encoder.fit─▶ Encoder
any rows ─Encoder.transform─▶ the same rows as numbers
```

``docs/encoding.md`` says what each way of encoding computes.
"""

from pipelines.encoder._counts import Counts
from pipelines.encoder._encoder import Encoder
from pipelines.encoder._portable import portable

__all__ = ["Counts", "Encoder", "portable"]
