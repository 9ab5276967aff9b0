"""The commands: convert arguments, call one library function, print, exit.

The only room that imports click, prints or exits. Library modules are imported
inside the commands, so that --help and --version stay quick.
"""

import atexit
import gc

# A process that ends would look at every object of its libraries once more, to no
# end: a tenth of a short run.
atexit.register(gc.freeze)
# Nothing that is imported is ever garbage, and a short run leaves none to speak of.
gc.set_threshold(100_000)
