"""Automatic exponential smoothing."""
