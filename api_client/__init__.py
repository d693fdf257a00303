"""The typed client of the wire (docs/wire.md).

    api_client.client    JamClient: one method an endpoint; the only module that imports httpx
    api_client.tokens    where a call's bearer token comes from, and how it is refreshed once for all
    api_client.models    what the answers hold
    api_client.errors    what can go wrong
    api_client.origin    which addresses are taken for a server

Importing the package, or any module but `client`, brings no network library along.
"""
