"""Where programs are looked for: this package's commands, and those of a system.

The commands lie beside the interpreter that runs the tests, which need not be in
anybody's PATH; mkfs and the like lie where only root's PATH leads.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

#: Where the commands of this package lie.
COMMANDS: Final = Path(sys.executable).parent
#: Where the programs of a system lie, those of its administrator as well.
SYSTEM_PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
#: Both, the commands under test first.
PATH: Final = f"{COMMANDS}:{SYSTEM_PATH}"
