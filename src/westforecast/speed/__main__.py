"""`python -m westforecast.speed SETTINGS`: what `measure_apart` runs in a fresh interpreter."""

import json
import sys
from contextlib import redirect_stdout

from westforecast.errors import WestforecastError
from westforecast.speed.compare import Settings, measure

if __name__ == "__main__":
    try:
        with redirect_stdout(sys.stderr):  # standard output is for the answer alone
            answer = measure(Settings(**json.loads(sys.argv[1])))
    except WestforecastError as error:
        sys.exit(str(error))
    print(json.dumps(answer))
