"""Exponential smoothing: averaged over its parameters, and two classics."""
