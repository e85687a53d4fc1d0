"""ARIMA: averaged over orders and parameters, or chosen automatically."""
