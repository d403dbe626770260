"""Export many photos: find them, remember what is done in a ledger, and share the work among processes or machines.

`batch.run_batch` is the whole of it on one page: sources -> ledger -> tasks -> an executor -> results.
"""
