use proc_spawn::StartMethod;

pub(crate) const METHODS: &[StartMethod] = &[StartMethod::Spawn];

macro_rules! where_a_fork_server_can_be {
    ($($item:item)*) => {};
}

pub(crate) use where_a_fork_server_can_be;
