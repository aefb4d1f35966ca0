"""`python -m hitparade`."""

from hitparade.cli import main

if __name__ == "__main__":
    main()
