"""Run Listener as ``python -m listener``."""

from listener.cli import main

if __name__ == "__main__":
    main()
