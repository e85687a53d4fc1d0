"""Automatic ARIMA."""
