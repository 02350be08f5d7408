"""``make deploy-test``: the containers in a real engine, on stand-ins for the images that they begin with."""
