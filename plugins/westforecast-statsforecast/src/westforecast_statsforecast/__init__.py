"""Any model of statsforecast as a westforecast model."""
