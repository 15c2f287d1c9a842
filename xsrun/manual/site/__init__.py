"""The manual as web pages: a folder that opens in a browser without a server and without the network."""
