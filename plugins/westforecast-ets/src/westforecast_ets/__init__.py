"""Exponential smoothing: averaged over its parameters, chosen by AICc, and two classics."""
