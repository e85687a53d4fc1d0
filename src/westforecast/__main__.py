"""`python -m westforecast`."""

from westforecast.cli.main import main

main()
