//! Many tensors sent as few: small ones are laid one after another into buckets, since each message costs as much time as
//! some hundred kilobytes.

use tch::Tensor;

/// Bytes of a bucket, as many as in PyTorch's `DistributedDataParallel`.
const BYTES: usize = 25 << 20;

/// Hands all elements of `tensors` to `send` in few flat tensors, and puts what that leaves in them back where it came from.
///
/// Neighbours share a bucket if kind and device are equal. A contiguous tensor that has a bucket for itself is not copied.
pub(super) fn in_buckets<E>(tensors: &mut [Tensor], mut send: impl FnMut(&Tensor) -> Result<(), E>) -> Result<(), E> {
    tch::no_grad(|| {
        let mut rest = tensors;
        while !rest.is_empty() {
            let (bucket, after) = rest.split_at_mut(first_bucket(rest));
            send_bucket(bucket, &mut send)?;
            rest = after;
        }
        Ok(())
    })
}

/// How many of the tensors the first bucket takes, at least one.
fn first_bucket(tensors: &[Tensor]) -> usize {
    let of = |tensor: &Tensor| (tensor.kind(), tensor.device());
    let mut bytes = 0;
    let fits = |tensor: &&Tensor| {
        bytes += tensor.numel() * tensor.kind().elt_size_in_bytes();
        of(tensor) == of(&tensors[0]) && bytes <= BYTES
    };
    tensors.iter().take_while(fits).count().max(1)
}

fn send_bucket<E>(bucket: &mut [Tensor], send: &mut impl FnMut(&Tensor) -> Result<(), E>) -> Result<(), E> {
    if let [tensor] = bucket
        && tensor.is_contiguous()
    {
        let flat = tensor.detach().view(-1);
        return if flat.numel() == 0 { Ok(()) } else { send(&flat) };
    }
    let flat: Vec<Tensor> = bucket.iter().map(|tensor| tensor.detach().reshape(-1)).collect();
    let flat = Tensor::cat(&flat, 0);
    if flat.numel() == 0 {
        return Ok(());
    }
    send(&flat)?;
    let mut start = 0;
    for tensor in bucket {
        let length = i64::try_from(tensor.numel()).expect("torch counts elements in i64");
        tensor.copy_(&flat.narrow(0, start, length).view_as(tensor));
        start += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    /// Doubles all elements and gives the sizes of what was sent.
    fn doubled(tensors: &mut [Tensor]) -> Vec<usize> {
        let mut sent = Vec::new();
        let double = |flat: &Tensor| {
            assert_eq!(flat.dim(), 1);
            let _ = flat.shallow_clone().g_mul_scalar_(2.0);
            sent.push(flat.numel());
            Ok::<(), ()>(())
        };
        in_buckets(tensors, double).unwrap();
        sent
    }

    #[test]
    fn small_tensors_share_a_bucket_and_large_ones_have_their_own() {
        let float = (Kind::Float, Device::Cpu);
        let large = i64::try_from(BYTES / 4 + 1).unwrap();
        let mut tensors = vec![
            Tensor::ones([2, 3], float),
            Tensor::ones([0], float),
            Tensor::ones([4, 5], float).tr(),
            Tensor::ones([large], float),
            Tensor::ones([7], float),
            Tensor::ones([5], (Kind::Double, Device::Cpu)),
        ];
        assert_eq!(doubled(&mut tensors), [26, BYTES / 4 + 1, 7, 5]);
        for tensor in &tensors {
            assert_eq!(tensor.sum(Kind::Double).double_value(&[]), 2.0 * tensor.numel() as f64);
        }
    }

    #[test]
    fn each_tensor_gets_its_own_elements_back() {
        let mut tensors: Vec<Tensor> = (0..5).map(|i| Tensor::arange(i, (Kind::Float, Device::Cpu)) + 10 * i).collect();
        tensors.push(Tensor::arange(6, (Kind::Float, Device::Cpu)).view([2, 3]).tr());
        let expected: Vec<Tensor> = tensors.iter().map(|tensor| tensor * 2).collect();
        assert_eq!(doubled(&mut tensors), [16]);
        for (tensor, expected) in tensors.iter().zip(&expected) {
            assert_eq!(tensor, expected);
        }
    }

    #[test]
    fn a_parameter_can_be_sent() {
        let mut tensors = [Tensor::ones([3], (Kind::Float, Device::Cpu)).set_requires_grad(true)];
        assert_eq!(doubled(&mut tensors), [3]);
        assert_eq!(tensors[0].double_value(&[2]), 2.0);
    }
}
