"""ARIMA averaged over orders and parameters."""
