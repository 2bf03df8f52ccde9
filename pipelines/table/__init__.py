"""A scored table in, one value per list out: what ``ltr evaluate`` measures without a job file.

```
files ──open──▶ rows ──check──▶ whole lists ──measure──▶ one row per list ──slices, worst──▶ report
```
"""
