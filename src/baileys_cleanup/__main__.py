"""`python -m baileys_cleanup` and the console script: both are the same command line."""

from baileys_cleanup.cli import main

if __name__ == "__main__":
    main()
