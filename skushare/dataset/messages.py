"""Messages of TensorFlow's files, described here: importing TensorFlow for them takes seconds."""

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_FILE = """
name: "skushare.proto" package: "skushare" syntax: "proto3"
message_type { name: "BytesList"
  field { name: "value" number: 1 type: TYPE_BYTES label: LABEL_REPEATED } }
message_type { name: "FloatList"
  field { name: "value" number: 1 type: TYPE_FLOAT label: LABEL_REPEATED } }
message_type { name: "Int64List"
  field { name: "value" number: 1 type: TYPE_INT64 label: LABEL_REPEATED } }
message_type { name: "Feature" oneof_decl { name: "kind" }
  field { name: "bytes_list" number: 1 type: TYPE_MESSAGE type_name: ".skushare.BytesList" oneof_index: 0 }
  field { name: "float_list" number: 2 type: TYPE_MESSAGE type_name: ".skushare.FloatList" oneof_index: 0 }
  field { name: "int64_list" number: 3 type: TYPE_MESSAGE type_name: ".skushare.Int64List" oneof_index: 0 } }
message_type { name: "Features"
  field { name: "feature" number: 1 type: TYPE_MESSAGE label: LABEL_REPEATED
    type_name: ".skushare.Features.FeatureEntry" }
  nested_type { name: "FeatureEntry" options { map_entry: true }
    field { name: "key" number: 1 type: TYPE_STRING }
    field { name: "value" number: 2 type: TYPE_MESSAGE type_name: ".skushare.Feature" } } }
message_type { name: "Example"
  field { name: "features" number: 1 type: TYPE_MESSAGE type_name: ".skushare.Features" } }
message_type { name: "StringIntLabelMapItem"
  field { name: "name" number: 1 type: TYPE_STRING }
  field { name: "id" number: 2 type: TYPE_INT32 }
  field { name: "display_name" number: 3 type: TYPE_STRING } }
message_type { name: "StringIntLabelMap"
  field { name: "item" number: 1 type: TYPE_MESSAGE label: LABEL_REPEATED
    type_name: ".skushare.StringIntLabelMapItem" } }
"""

_pool = DescriptorPool()  # of our own: TensorFlow may register the same messages in the common one
_pool.Add(text_format.Parse(_FILE, FileDescriptorProto()))

Example = GetMessageClass(_pool.FindMessageTypeByName("skushare.Example"))
StringIntLabelMap = GetMessageClass(_pool.FindMessageTypeByName("skushare.StringIntLabelMap"))
