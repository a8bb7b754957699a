"""The networks that a sweep trains: whether they take the data, found and tried before anything is trained."""

from itertools import product

from sweeps.spec.axes import Axis
from sweeps.spec.spec import Spec
from vae.data import Data
from vae.networks import network_of
from vae.networks.padding import Shape
from vae.own.source import Source, find_source
from vae.parameters import Value, is_own


def check_networks(spec: Spec, shape: Shape) -> None:
    """Raise ConfigError where one of vaekit's own networks takes no samples of that shape."""
    for name in spec.parameters["network"].choices:
        if not is_own(str(name)):
            network_of(spec.run_config(network=name), shape)


def own_sources(spec: Spec, data: Data, device: str) -> tuple[Source, ...]:
    """Import each network that is the user's own, and try it at the smallest and the largest sizes of the sweep.

    Raises ConfigError where it cannot be imported or breaks its contract.
    """
    networks = [str(name) for name in spec.parameters["network"].choices if is_own(str(name))]
    if not networks:
        return ()
    from vae.own.contract import check_network

    smallest = min(len(data.train) % int(size) or int(size) for size in spec.parameters["batch_size"].choices)
    sources = tuple(find_source(network) for network in networks)
    ends = [dict.fromkeys(_ends(spec.parameters[name])) for name in ("latent_dim", "hidden_dim")]
    for network, latent_dim, hidden_dim in product(networks, *ends):
        config = spec.run_config(network=network, latent_dim=latent_dim, hidden_dim=hidden_dim)
        check_network(config, data.sample_shape, min(smallest, 2), device)
    return sources


def _ends(axis: Axis) -> tuple[Value, ...]:
    """Return the smallest and the largest value of an axis of whole numbers."""
    return (min(axis.choices), max(axis.choices)) if axis.choices else (int(axis.low), int(axis.high))
