//! A graphics device with its pipelines and data sets, shared by all runs of a worker.
//!
//! Asks for WebGPU's default limits and no features, so that what works here works on any adapter.
//! Nothing panics: errors that nobody waits for are kept and told at the next read-back.

use super::family::{Family, Lanes, Tuning};
use super::kernel::{Groups, KERNELS, Kernel, vecs};
use crate::backend::BackendError;
use crate::data::Split;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Words in adapter names that mean the "graphics device" is the CPU.
const SOFTWARE: [&str; 5] = ["swiftshader", "llvmpipe", "lavapipe", "software", "basic render"];
/// Workgroup size of register tiles where the CPU plays the GPU: small, so that its cores share them.
const SOFTWARE_LANES: u32 = 16;
const HARDWARE_LANES: u32 = 64;

/// An open device.
pub struct GpuDevice {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: String,
    software: bool,
    limits: wgpu::Limits,
    lost: Shared<Option<String>>,
    error: Shared<Option<String>>,
    pipelines: RefCell<Vec<(String, wgpu::ComputePipeline)>>,
    sources: RefCell<Vec<(Weak<Split>, wgpu::Buffer)>>,
    dispatches: Cell<u64>,
    family: Cell<Family>,
    pub(super) tuning: Cell<Option<Tuning>>,
}

/// One dispatch with everything bound.
pub struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    uniform: wgpu::Buffer,
    groups: Groups,
}

impl Dispatch {
    /// Goes over so many layers from the next submit on; no more than it was bound for.
    pub fn set_layers(&mut self, layers: u32) {
        self.groups[2] = layers;
    }
}

/// Bytes to copy into the read-back buffer: from where, offset, length.
pub type Copy<'a> = (&'a wgpu::Buffer, u64, u64);

type Shared<T> = Arc<Mutex<T>>;

fn put<T>(place: &Shared<T>, value: T) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn take<T: Default>(place: &Shared<T>) -> T {
    std::mem::take(&mut *place.lock().unwrap_or_else(PoisonError::into_inner))
}

impl GpuDevice {
    /// Opens the fastest adapter and compiles all kernels.
    ///
    /// # Errors
    /// A sentence: no WebGPU here, no adapter, no device, or a kernel that the driver rejects.
    pub async fn open() -> Result<Rc<Self>, String> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|_| {
            if cfg!(target_arch = "wasm32") {
                "This browser offers no WebGPU adapter.".to_owned()
            } else {
                "No Vulkan adapter was found.".to_owned()
            }
        })?;
        let descriptor = wgpu::DeviceDescriptor { label: Some("paretoscope"), ..Default::default() };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|error| format!("The WebGPU adapter gave no device: {error}."))?;
        let (name, software) = describe(&adapter, &device);
        let (lost, error) = (Shared::default(), Shared::default());
        device.set_device_lost_callback({
            let lost = Arc::clone(&lost);
            move |reason, message| {
                let why = if message.is_empty() { format!("{reason:?}") } else { message };
                put(&lost, Some(why));
            }
        });
        device.on_uncaptured_error(Arc::new({
            let error = Arc::clone(&error);
            move |what: wgpu::Error| put(&error, Some(what.to_string()))
        }));
        let opened = Self {
            limits: device.limits(),
            device,
            queue,
            adapter: name,
            software,
            lost,
            error,
            pipelines: RefCell::default(),
            sources: RefCell::default(),
            dispatches: Cell::new(0),
            // Until it is measured.
            family: Cell::new(if software { Family::Registers } else { Family::Workgroup }),
            tuning: Cell::new(None),
        };
        opened.prepare(KERNELS).await?;
        Ok(Rc::new(opened))
    }

    /// What the driver calls the adapter.
    pub fn adapter_name(&self) -> String {
        self.adapter.clone()
    }

    /// Whether the adapter computes on the CPU.
    pub fn is_software(&self) -> bool {
        self.software
    }

    pub fn is_lost(&self) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Takes the device away, as a driver would.
    pub fn lose(&self) {
        self.device.destroy();
        put(&self.lost, Some("it was taken away on purpose".to_owned()));
    }

    /// Dispatches of all runs so far.
    pub fn dispatches(&self) -> u64 {
        self.dispatches.get()
    }

    /// How the matrix products that are bound from now on are shared among invocations.
    pub fn lanes(&self) -> Lanes {
        Lanes { family: self.family.get(), size: if self.software { SOFTWARE_LANES } else { HARDWARE_LANES } }
    }

    /// Binds matrix products of this family from now on.
    pub fn use_family(&self, family: Family) {
        self.family.set(family);
    }

    /// Fails with what went wrong since the last call.
    ///
    /// # Errors
    /// [`BackendError::Lost`] from then on once the device is lost, [`BackendError::Refused`] once per error.
    pub fn check(&self) -> Result<(), BackendError> {
        if let Some(why) = &*self.lost.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(BackendError::Lost(why.clone()));
        }
        match take(&self.error) {
            Some(why) => Err(BackendError::Refused(why)),
            None => Ok(()),
        }
    }

    /// Compiles WGSL under a kernel's name, without keeping the pipeline.
    pub fn compile(&self, kernel: &Kernel, shader: String) -> wgpu::ComputePipeline {
        let lanes = [("LANES", f64::from(self.lanes().size))];
        self.compile_text(kernel.name, shader, if kernel.has_lanes { &lanes } else { &[] })
    }

    fn compile_text(&self, name: &str, shader: String, constants: &[(&str, f64)]) -> wgpu::ComputePipeline {
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(shader.into()),
        });
        self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
            cache: None,
        })
    }

    /// Compiles kernels before they are first dispatched.
    ///
    /// # Errors
    /// A sentence where the driver rejects one.
    pub async fn prepare(&self, kernels: &[Kernel]) -> Result<(), String> {
        for kernel in kernels {
            let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
            self.pipeline(kernel);
            if let Some(why) = scope.pop().await {
                return Err(format!("The graphics driver rejects the kernel {}: {why}.", kernel.name));
            }
        }
        Ok(())
    }

    /// Compiles WGSL that is put together at run time, once under its name.
    ///
    /// # Errors
    /// A sentence where the driver rejects it.
    pub async fn prepare_text(
        &self,
        name: &str,
        shader: &str,
        constants: &[(&str, f64)],
    ) -> Result<wgpu::ComputePipeline, String> {
        if let Some((_, pipeline)) = self.pipelines.borrow().iter().find(|(known, _)| *known == name) {
            return Ok(pipeline.clone());
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let pipeline = self.compile_text(name, shader.to_owned(), constants);
        if let Some(why) = scope.pop().await {
            return Err(format!("The graphics driver rejects the kernel {name}: {why}."));
        }
        self.pipelines.borrow_mut().push((name.to_owned(), pipeline.clone()));
        Ok(pipeline)
    }

    fn pipeline(&self, kernel: &Kernel) -> wgpu::ComputePipeline {
        if let Some((_, pipeline)) = self.pipelines.borrow().iter().find(|(name, _)| *name == kernel.name) {
            return pipeline.clone();
        }
        let pipeline = self.compile(kernel, kernel.shader());
        self.pipelines.borrow_mut().push((kernel.name.to_owned(), pipeline.clone()));
        pipeline
    }

    /// A zeroed buffer of `vecs` vec4s that kernels may bind.
    ///
    /// # Errors
    /// [`BackendError::Refused`] above the device's limit, with `what` in the sentence.
    pub fn buffer(&self, what: &'static str, vecs: usize) -> Result<wgpu::Buffer, BackendError> {
        use wgpu::BufferUsages as Usage;
        let bytes = vecs.max(1) as u64 * 16;
        let most = self.largest_buffer();
        if bytes > most {
            let (bytes, most) = (bytes as f64 / f64::from(1 << 20), most >> 20);
            return Err(BackendError::Refused(format!(
                "{what} would need {bytes:.0} MiB, and a buffer holds at most {most} MiB. \
                 A smaller batch or network, or the CPU, can do it"
            )));
        }
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes,
            usage: Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC,
            mapped_at_creation: false,
        }))
    }

    fn largest_buffer(&self) -> u64 {
        self.limits.max_buffer_size.min(self.limits.max_storage_buffer_binding_size)
    }

    /// Inputs (N, D) of a split on the device, rows padded; uploaded once for all runs.
    ///
    /// `None` where they are above the limit of a buffer: then batches are gathered on the host.
    pub fn source(&self, split: &Rc<Split>, n_inputs: usize) -> Option<wgpu::Buffer> {
        let mut sources = self.sources.borrow_mut();
        sources.retain(|(split, _)| split.strong_count() > 0);
        let known = sources.iter().find(|(known, _)| std::ptr::eq(known.as_ptr(), Rc::as_ptr(split)));
        if let Some((_, buffer)) = known {
            return Some(buffer.clone());
        }
        let row_vecs = vecs(n_inputs) as usize;
        let buffer = self.buffer("The data set", split.rows * row_vecs).ok()?;
        self.write(&buffer, &padded_rows(&split.x, n_inputs));
        sources.push((Rc::downgrade(split), buffer.clone()));
        Some(buffer)
    }

    /// Writes from the start of a buffer, before whatever is submitted next.
    pub fn write<T: bytemuck::NoUninit>(&self, buffer: &wgpu::Buffer, data: &[T]) {
        self.write_at(buffer, 0, data);
    }

    /// The same from byte `start` on.
    pub fn write_at<T: bytemuck::NoUninit>(&self, buffer: &wgpu::Buffer, start: u64, data: &[T]) {
        self.queue.write_buffer(buffer, start, bytemuck::cast_slice(data));
    }

    /// Binds a kernel: `uniform` at 0, `buffers` from 1 on.
    ///
    /// # Errors
    /// [`BackendError::Refused`] where the dispatch has too many workgroups.
    pub fn dispatch<T: bytemuck::NoUninit>(
        &self,
        kernel: &Kernel,
        uniform: &T,
        buffers: &[&wgpu::Buffer],
        groups: Groups,
    ) -> Result<Dispatch, BackendError> {
        let kernel = self.family.get().stand_in(kernel);
        self.dispatch_with(self.pipeline(&kernel), kernel.name, uniform, buffers, groups)
    }

    /// The same with a pipeline from [`Self::compile`].
    ///
    /// # Errors
    /// [`BackendError::Refused`] where the dispatch has too many workgroups.
    pub fn dispatch_with<T: bytemuck::NoUninit>(
        &self,
        pipeline: wgpu::ComputePipeline,
        name: &str,
        uniform: &T,
        buffers: &[&wgpu::Buffer],
        groups: Groups,
    ) -> Result<Dispatch, BackendError> {
        let most = self.limits.max_compute_workgroups_per_dimension;
        if groups.iter().any(|&count| count > most) {
            return Err(BackendError::Refused(format!(
                "kernel {name} would need {groups:?} workgroups, and {most} are allowed. \
                 A smaller batch or network, or the CPU, can do it"
            )));
        }
        let uniform_buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(name),
            size: size_of::<T>() as u64,
            // Which of the two, the shader says.
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        self.write(&uniform_buffer, std::slice::from_ref(uniform));
        let bound = std::iter::once(&uniform_buffer).chain(buffers.iter().copied());
        let entries: Vec<_> = bound
            .enumerate()
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(name),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Ok(Dispatch { pipeline, bindings, uniform: uniform_buffer, groups })
    }

    /// Changes a dispatch's uniform, before whatever is submitted next.
    pub fn set_uniform<T: bytemuck::NoUninit>(&self, dispatch: &Dispatch, uniform: &T) {
        self.write(&dispatch.uniform, std::slice::from_ref(uniform));
    }

    /// A buffer that [`Self::read`] can read back.
    pub fn staging(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read-back"),
            size: bytes.max(16),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Submits dispatches in order as one pass, and copies one after the other into `staging`.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn submit(
        &self,
        dispatches: &[&Dispatch],
        copies: &[Copy<'_>],
        staging: Option<&wgpu::Buffer>,
    ) -> Result<(), BackendError> {
        self.check()?;
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if !dispatches.is_empty() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for Dispatch { pipeline, bindings, groups: [x, y, z], .. } in dispatches {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bindings, &[]);
                pass.dispatch_workgroups(*x, *y, *z);
            }
        }
        let mut end = 0;
        if let Some(staging) = staging {
            for &(from, offset, bytes) in copies {
                encoder.copy_buffer_to_buffer(from, offset, staging, end, bytes);
                end += bytes;
            }
        }
        self.queue.submit([encoder.finish()]);
        self.dispatches.set(self.dispatches.get() + dispatches.len() as u64);
        self.check()
    }

    /// Copies the beginning of each buffer, so many bytes, into `to`, `step` bytes after the last.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn copy_into<'a>(
        &self,
        to: &wgpu::Buffer,
        step: u64,
        from: impl Iterator<Item = (&'a wgpu::Buffer, u64)>,
    ) -> Result<(), BackendError> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (number, (buffer, bytes)) in (0..).zip(from) {
            encoder.copy_buffer_to_buffer(buffer, 0, to, number * step, bytes);
        }
        self.queue.submit([encoder.finish()]);
        self.check()
    }

    /// The first `bytes` of a read-back buffer, once all that was submitted is done.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn read(&self, staging: &wgpu::Buffer, bytes: u64) -> Result<Vec<f32>, BackendError> {
        let mapped: Shared<Mapped> = Shared::default();
        staging.map_async(wgpu::MapMode::Read, ..bytes, {
            let mapped = Arc::clone(&mapped);
            move |result| {
                let mut mapped = mapped.lock().unwrap_or_else(PoisonError::into_inner);
                mapped.result = Some(result.map_err(|error| error.to_string()));
                if let Some(waker) = mapped.waker.take() {
                    waker.wake();
                }
            }
        });
        #[cfg(not(target_arch = "wasm32"))]
        {
            // Natively nobody else drives the device. A wait that ends without an answer never gets one.
            let waited = self.device.poll(wgpu::PollType::wait_indefinitely());
            let mut mapped = mapped.lock().unwrap_or_else(PoisonError::into_inner);
            if mapped.result.is_none() {
                mapped.result = Some(Err(format!("the driver does not answer ({waited:?})")));
            }
        }
        let result = Mapping(mapped).await;
        self.check()?;
        result.map_err(BackendError::Lost)?;
        let numbers = match staging.get_mapped_range(..bytes) {
            Ok(view) => bytemuck::pod_collect_to_vec(&view),
            Err(error) => return Err(BackendError::Lost(error.to_string())),
        };
        staging.unmap();
        Ok(numbers)
    }
}

/// Rows of `width` numbers, each padded by zeros to whole vec4s.
pub fn padded_rows(rows: &[f32], width: usize) -> Vec<f32> {
    let padded = 4 * vecs(width) as usize;
    let mut out = vec![0.0; rows.len() / width.max(1) * padded];
    for (to, from) in out.chunks_exact_mut(padded.max(1)).zip(rows.chunks_exact(width.max(1))) {
        to[..width].copy_from_slice(from);
    }
    out
}

#[derive(Default)]
struct Mapped {
    result: Option<Result<(), String>>,
    waker: Option<Waker>,
}

struct Mapping(Shared<Mapped>);

impl Future for Mapping {
    type Output = Result<(), String>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut mapped = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mapped.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                mapped.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Name of the adapter, and whether it computes on the CPU.
fn describe(adapter: &wgpu::Adapter, device: &wgpu::Device) -> (String, bool) {
    #[cfg(all(target_arch = "wasm32", feature = "worker"))]
    if let Some(described) = web::describe(device) {
        let _ = adapter;
        return described;
    }
    let _ = device;
    let info = adapter.get_info();
    let name = if info.name.is_empty() { "unnamed adapter".to_owned() } else { info.name };
    let software = info.device_type == wgpu::DeviceType::Cpu || is_software_name(&name);
    (name, software)
}

fn is_software_name(name: &str) -> bool {
    let name = name.to_lowercase();
    SOFTWARE.iter().any(|word| name.contains(word))
}

/// What the browser tells of its adapter: wgpu passes on the description alone, which most browsers hide.
#[cfg(all(target_arch = "wasm32", feature = "worker"))]
mod web {
    use js_sys::Reflect;
    use wasm_bindgen::JsValue;

    /// `None` where the browser tells nothing, as older ones do.
    pub fn describe(device: &wgpu::Device) -> Option<(String, bool)> {
        let device: &JsValue = device.as_webgpu()?.as_ref();
        let info = Reflect::get(device, &"adapterInfo".into()).ok().filter(JsValue::is_object)?;
        let text = |key: &str| Reflect::get(&info, &key.into()).ok().and_then(|value| value.as_string());
        let fallback = Reflect::get(&info, &"isFallbackAdapter".into()).ok().and_then(|value| value.as_bool());
        let parts: Vec<String> = ["vendor", "architecture", "description"]
            .iter()
            .filter_map(|key| text(key))
            .filter(|part| !part.is_empty())
            .collect();
        let name = if parts.is_empty() { "unnamed adapter".to_owned() } else { parts.join(" ") };
        let software = fallback.unwrap_or(false) || super::is_software_name(&name);
        Some((name, software))
    }
}
