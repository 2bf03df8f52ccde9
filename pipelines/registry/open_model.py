"""The folder of a model that a command is given: pinned, and whole if a registry vouches for it."""

import os
import re
from pathlib import Path

from pipelines.errors import RegistryError
from pipelines.registry.records import VERSION_NAME
from pipelines.registry.version import CHECKSUMS, Version


def model_folder(folder: Path) -> Path:
    """Return the folder to read a model from.

    A link ``champion`` is followed once, here: what is promoted while the model is read must not
    give the weights of one version beside the encoder of another. A version's files are compared
    with their checksums; any other folder is returned as it is.

    Args:
        folder: Of a model, of a version, or the link to one.

    Raises:
        RegistryError: The version is damaged; the message names the file.
    """
    target = str(folder.readlink()) if folder.is_symlink() else ""
    found = folder.parent / target if re.fullmatch(VERSION_NAME, target) else folder
    if not os.path.lexists(found / CHECKSUMS):
        return found
    try:
        Version(found).verify()
    except RegistryError as error:
        if found == folder:
            raise
        msg = f"the champion {target} is damaged: {error}; go back with `ltr models rollback`"
        raise RegistryError(msg) from error
    return found
