"""Benchmarks by ratio: every figure stands beside a bare Python script measured in the same run.

Run ``python -m benchmarks --help`` from the checkout; ``README.md`` says what each one measures.
No module here may be called like one of the standard library's: scripts beside it are run by file.
"""
