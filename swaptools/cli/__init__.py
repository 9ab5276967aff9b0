"""The commands: convert arguments, call one library function, print, exit.

The only room that imports click, prints or exits. Library modules are imported
inside the commands, so that --help and --version stay quick.
"""
