"""One module per engine, run in a process and, for the peers, in an environment of its own.

They import nothing but the standard library, numpy, their engine and `peers.job`.
"""
