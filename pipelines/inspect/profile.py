"""The profile of a folder of lists: one pass over its shards, one after another."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ltr.data.manifest import Feature, Manifest, SplitName
from pipelines.contracts import PARTS
from pipelines.inspect.counts import Part
from pipelines.inspect.decode import Decoder, load_decoder
from pipelines.inspect.shards import folder_of_lists, pieces, shards_of
from pipelines.progress import Progress


@dataclass(frozen=True)
class Profile:
    """What a folder of lists holds, counted.

    Attributes:
        folder: Where the lists are.
        manifest: What its manifest says.
        parts: The counts of each part that was looked at.
        decoder: From ids and numbers back to the log's.
    """

    folder: Path
    manifest: Manifest
    parts: dict[SplitName, Part]
    decoder: Decoder

    @property
    def features(self) -> tuple[Feature, ...]:
        """The feature columns, in the manifest's order."""
        return self.manifest.features

    @cached_property
    def whole(self) -> Part:
        """All parts together."""
        together = Part(self.features, self.decoder)
        for part in self.parts.values():
            together.merge(part)
        return together


def profile(folder: Path, progress: Progress, *, parts: tuple[SplitName, ...] = PARTS) -> Profile:
    """Count the lists of a folder.

    Memory is that of the vocabularies and of one piece of a shard, whatever the folder holds.

    Args:
        folder: A folder of lists, or of a run with lists in it.
        progress: Told of every shard.
        parts: Which parts to look at.

    Raises:
        ListsError: The folder has no valid manifest, or a shard is not what the manifest says.
    """
    folder = folder_of_lists(folder)
    # The link is followed once: a job that replaces the lists meanwhile does not mix two versions.
    here = folder.resolve()
    manifest = Manifest.load(here)
    decoder = load_decoder(here / "encoder")
    counted = {part: Part(manifest.features, decoder) for part in parts}
    with progress.step(f"read {folder.name}") as step:
        shards = shards_of(manifest, parts)
        step.expect(len(shards))
        for part, shard in shards:
            for piece in pieces(here, manifest, shard):
                counted[part].add(piece)
            step.advance()
    return Profile(folder, manifest, counted, decoder)
