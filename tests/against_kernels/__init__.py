"""What other kernels say: packaged ones, booted in QEMU and asked.

``make test-kernels`` asks each of them at random what swaptools says of it, and
compares; ``make record-kernels`` keeps some of the answers for the default suite;
``python -m tests.against_kernels.ask 6.12 programs.txt`` asks one kernel a thing.

packages.py and modules.py get a kernel, guest/ is the program that runs on it,
guest.py boots it and brings it orders. targets.py, verdicts.py, headers.py and
sizes.py ask for verdicts, programs.py and lives.py for slots, contents.py for
counters; shrink.py makes a failing program small, rounds.py puts all of it together.

Not here: questions to the running kernel (tests/against_kernel/).
"""
