"""The REST interface of the gateway. Source: protocol section 8."""
